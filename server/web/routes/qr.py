"""`/qr`: a text as a QR code, for pages that hand a picture over to a phone."""

from __future__ import annotations

import segno
from fastapi import APIRouter
from pydantic import BaseModel, Field

from server.errors import PictureError

router = APIRouter(tags=["pictures"])


class Text(BaseModel):
    """What to say in the code."""

    text: str = Field(min_length=1, max_length=4000)


class Code(BaseModel):
    """A QR code without its quiet zone: one string a row, `1` for dark."""

    rows: list[str]


EXAMPLE = {"requestBody": {"content": {"application/json": {"example": {"text": "http://127.0.0.1:8000/?seed=7"}}}}}


@router.post("/qr", openapi_extra=EXAMPLE)
def qr(body: Text) -> Code:
    """The QR code of a text, with the correction level M (ISO/IEC 18004). 422 where the text is too long for one."""
    try:
        code = segno.make_qr(body.text, error="m", boost_error=False)
    except segno.DataOverflowError as error:
        raise PictureError("the text is too long for a QR code", "/text") from error
    return Code(rows=["".join("1" if cell else "0" for cell in row) for row in code.matrix])
