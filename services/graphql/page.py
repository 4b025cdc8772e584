"""The page to try documents on: GraphiQL from this server itself, so that it works without the internet."""

from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

ASSETS = ("graphene_django_graphiql_static", "static/graphene_django_graphiql_static")

PAGE = """<!doctype html>
<html lang="en">
<head>
  <meta charset="utf-8">
  <title>Folio Ledger: GraphQL</title>
  <link rel="icon" href="data:,">
  <link rel="stylesheet" href="{path}/assets/graphiql.min.css">
  <style>html, body, #explorer {{ height: 100%; margin: 0; overflow: hidden; }}</style>
</head>
<body>
  <div id="explorer">This page needs JavaScript.</div>
  <script src="{path}/assets/react.production.min.js"></script>
  <script src="{path}/assets/react-dom.production.min.js"></script>
  <script src="{path}/assets/graphiql.min.js"></script>
  <script src="{path}/assets/graphql-ws.min.js"></script>
  <script src="{path}/page.js"></script>
</body>
</html>
"""

SCRIPT = """"use strict";
const address = new URL("{path}", location.href);
const socketAddress = address.href.replace(/^http/, "ws");

// A browser sends no headers with a socket: the key goes along with its first message instead.
const fetcher = (parameters, options) => {{
  const headers = options.headers || {{}};
  const wsClient = graphqlWs.createClient({{ url: socketAddress, connectionParams: headers }});
  return GraphiQL.createFetcher({{ url: address.href, wsClient }})(parameters, options);
}};

// The address may hold the key after #, which no browser sends anywhere; it does not stay there.
const key = new URLSearchParams(location.hash.slice(1)).get("key") || "";
history.replaceState(null, "", location.pathname);

const welcome = `# Ctrl-Enter runs it. DEMO-SEOUL is a sample hotel.
# Your key stands under "Headers" below. After a change of it,
# the circle of arrows at the left loads the schema again.
{{
  getAccommodationBills(accommodationId: "DEMO-SEOUL", first: 5) {{
    nodes {{
      id billCode folioId name
      totalAmount balanceAmount status
      payments {{ paymentMethod amount }}
    }}
    pageInfo {{ hasNextPage endCursor }}
  }}
}}
`;

ReactDOM.render(
  React.createElement(GraphiQL, {{
    fetcher,
    defaultQuery: welcome,
    defaultHeaders: JSON.stringify({{ Authorization: `Bearer ${{key}}` }}, null, 2),
    defaultEditorToolsVisibility: "headers",
    shouldPersistHeaders: false,
  }}),
  document.getElementById("explorer"),
);
"""


def explorer_routes(path: str) -> list[BaseRoute]:
    """The page at the path, and what it is made of below."""
    page, script = PAGE.format(path=path), SCRIPT.format(path=path)

    async def show_page(_: Request) -> Response:
        return HTMLResponse(page)

    async def show_script(_: Request) -> Response:
        return Response(script, media_type="text/javascript")

    return [
        Route(path, show_page, methods=["GET"]),
        Route(f"{path}/page.js", show_script, methods=["GET"]),
        Mount(f"{path}/assets", StaticFiles(packages=[ASSETS]), name="graphql page"),
    ]
