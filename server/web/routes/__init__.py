"""One router a resource; pydantic lives here and in the document and schema modules only."""
