"""The page to try documents on: GraphiQL from this server itself, so that it works without the internet."""

from importlib.resources import files

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

ASSETS = ("graphene_django_graphiql_static", "static/graphene_django_graphiql_static")


def explorer_routes(path: str) -> list[BaseRoute]:
    """The page at the path, and what it is made of below; its addresses are relative to it."""
    page, script = (files(__name__).joinpath(name).read_text("utf-8") for name in ("index.html", "page.js"))

    async def show_page(_: Request) -> Response:
        return HTMLResponse(page)

    async def show_script(_: Request) -> Response:
        return Response(script, media_type="text/javascript")

    return [
        Route(path, show_page, methods=["GET"]),
        Route(f"{path}/page.js", show_script, methods=["GET"]),
        Mount(f"{path}/assets", StaticFiles(packages=[ASSETS]), name="graphql page"),
    ]
