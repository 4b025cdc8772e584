"use strict";
const address = new URL("graphql", location.href);
const socketAddress = address.href.replace(/^http/, "ws");

// A browser sends no headers with a socket: the key goes along with its first message instead.
const fetcher = (parameters, options) => {
  const headers = options.headers || {};
  const wsClient = graphqlWs.createClient({ url: socketAddress, connectionParams: headers });
  return GraphiQL.createFetcher({ url: address.href, wsClient })(parameters, options);
};

// The address may hold the key after #, which no browser sends anywhere; it does not stay there.
const key = new URLSearchParams(location.hash.slice(1)).get("key") || "";
history.replaceState(null, "", location.pathname);

const welcome = `# Ctrl-Enter runs it. DEMO-SEOUL is a sample hotel.
# Your key stands under "Headers" below. After a change of it,
# the circle of arrows at the left loads the schema again.
{
  getAccommodationBills(accommodationId: "DEMO-SEOUL", first: 5) {
    nodes {
      id billCode folioId name
      totalAmount balanceAmount status
      payments { paymentMethod amount }
    }
    pageInfo { hasNextPage endCursor }
  }
}
`;

ReactDOM.render(
  React.createElement(GraphiQL, {
    fetcher,
    defaultQuery: welcome,
    defaultHeaders: JSON.stringify({ Authorization: `Bearer ${key}` }, null, 2),
    defaultEditorToolsVisibility: "headers",
    shouldPersistHeaders: false,
  }),
  document.getElementById("explorer"),
);
