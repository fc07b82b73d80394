# The studio in a container:
#   docker build -t unitbrush . && docker run --rm -p 127.0.0.1:8000:8000 -v unitbrush:/data unitbrush
# For a GPU, hand pip an index with CUDA builds of torch: --build-arg PIP_OPTIONS="--extra-index-url URL"
# and run with --gpus all. The default below keeps to builds for the CPU. compose.yaml has several of them in a row.
FROM python:3.12-slim

ARG TORCH_BUILD=cpu
ARG PIP_OPTIONS="--extra-index-url https://download.pytorch.org/whl/${TORCH_BUILD}"

ENV PIP_NO_CACHE_DIR=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    UNITBRUSH_HOST=0.0.0.0 \
    UNITBRUSH_PORT=8000 \
    UNITBRUSH_DATA_DIR=/data

WORKDIR /app
COPY pyproject.toml README.md LICENSE ./
COPY server ./server
COPY frontend ./frontend
COPY models ./models
COPY dissect_results ./dissect_results
RUN pip install ${PIP_OPTIONS} '.[postgres]' \
    && useradd --system --create-home unitbrush \
    && mkdir /data && chown unitbrush /data

USER unitbrush
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
CMD ["unitbrush", "serve"]
