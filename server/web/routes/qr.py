"""`/qr`: a text as a QR code, for pages that hand a picture over to a phone."""

import segno
from fastapi import APIRouter
from pydantic import BaseModel, Field, TypeAdapter

from server.errors import PictureError
from server.painting.parsing import Strict, validate
from server.web.deps import JsonBody, UsesServices
from server.web.reference import body_of

router = APIRouter(tags=["pictures"])


class Text(Strict):
    """What to say in the code."""

    text: str = Field(min_length=1, max_length=4000)


class Code(BaseModel):
    """A QR code without its quiet zone: one string a row, `1` for dark."""

    rows: list[str]


EXAMPLE = {"text": "http://127.0.0.1:8000/?seed=7"}
_text = TypeAdapter(Text)


@router.post("/qr", response_model=Code, openapi_extra=body_of(Text, EXAMPLE))
async def qr(body: JsonBody, services: UsesServices) -> Code:
    """The QR code of a text, with the correction level M (ISO/IEC 18004). 422 where the text is too long for one, 503
    where many others wait for theirs."""
    return await services.in_coder(_code, body)


def _code(body: bytes) -> Code:
    text = validate(_text, body).text
    try:
        code = segno.make_qr(text, error="m", boost_error=False)
    except segno.DataOverflowError as error:
        raise PictureError("the text is too long for a QR code", "/text") from error
    return Code(rows=["".join("1" if cell else "0" for cell in row) for row in code.matrix])
