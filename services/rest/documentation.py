"""The page at /docs: Swagger UI from this server itself, so that it works without the internet."""

from fastapi import FastAPI
from fastapi.openapi.docs import get_swagger_ui_html
from starlette.responses import RedirectResponse, Response
from starlette.staticfiles import StaticFiles

ASSETS = "/docs/assets"


def add_documentation(app: FastAPI) -> None:
    """Serve the description's page, and lead the root there."""
    app.mount(ASSETS, StaticFiles(packages=[("fastapi_swagger", "resources")]), name="documentation assets")

    @app.get("/docs", include_in_schema=False)
    async def documentation() -> Response:
        return get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="Folio Ledger",
            swagger_js_url=f"{ASSETS}/swagger-ui-bundle.js",
            swagger_css_url=f"{ASSETS}/swagger-ui.css",
            swagger_favicon_url=f"{ASSETS}/favicon-32x32.png",
            swagger_ui_parameters={"tryItOutEnabled": True, "displayRequestDuration": True},
        )

    @app.get("/", include_in_schema=False)
    async def front_page() -> Response:
        return RedirectResponse("/docs")
