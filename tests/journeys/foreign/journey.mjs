// The journey with graphql-request and, for the subscription, graphql-ws: the GraphQL clients of many a JavaScript PMS.
// One line of JSON per step tells what was answered; whether that is right is for the caller to say.

import { readdirSync, readFileSync } from "node:fs";
import { ClientError, GraphQLClient } from "graphql-request";
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const { FOLIO_ADDRESS, FOLIO_KEY, FOLIO_HOUSE } = process.env;
const Authorization = `Bearer ${FOLIO_KEY}`;

const folder = (name) => new URL(`${name}/`, import.meta.url);
const read = (place) => readFileSync(place, "utf8");
const documentNamed = (name) => read(new URL(`${name}.graphql`, folder("documents")));
const steps = readdirSync(folder("steps"))
  .sort()
  .flatMap((name) => JSON.parse(read(new URL(name, folder("steps")))));

const client = new GraphQLClient(`${FOLIO_ADDRESS}/graphql`, { headers: { Authorization } });
const socket = createClient({
  url: `${FOLIO_ADDRESS.replace(/^http/, "ws")}/graphql`,
  webSocketImpl: WebSocket,
  connectionParams: { Authorization },
});

const known = { house: JSON.parse(FOLIO_HOUSE) };
let subscribed;

/** A value with what is known in place of its references, such as "$room.id". */
function filled(value) {
  if (typeof value === "string" && value.startsWith("$")) {
    return value.slice(1).split(".").reduce((found, name) => found[name], known);
  }
  if (Array.isArray(value)) return value.map(filled);
  if (value === null || typeof value !== "object") return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, filled(member)]));
}

function onlyValue(data) {
  const values = Object.values(data);
  if (values.length !== 1) throw new Error(`one value was asked for: ${JSON.stringify(data)}`);
  return values[0];
}

/** What a query or mutation is told: its answer, or the code and the words of its error. */
async function ask(document, variables) {
  try {
    return { answers: onlyValue(await client.request(document, variables)) };
  } catch (error) {
    if (!(error instanceof ClientError)) throw error;
    const [{ message, extensions }] = error.response.errors;
    return { refused: extensions.code, message };
  }
}

/** The next answers of the subscription, which is opened the first time. */
async function take(count, query, variables) {
  subscribed ??= socket.iterate({ query, variables });
  const answers = [];
  while (answers.length < count) {
    const { done, value } = await subscribed.next();
    if (done || value.errors) throw new Error(`the subscription ended: ${JSON.stringify(value)}`);
    answers.push(onlyValue(value.data));
  }
  return { answers };
}

/** The guest's button on the provider's page. */
async function pay(page) {
  const paid = await fetch(page, { method: "POST", redirect: "manual" });
  if (paid.status !== 303) throw new Error(`the guest could not pay: ${await paid.text()}`);
}

for (const step of steps) {
  if (step.guestPays) {
    await pay(filled(step.guestPays));
    continue;
  }
  const document = documentNamed(step.document);
  const variables = filled(step.variables ?? {});
  const told = step.take ? await take(step.take, document, variables) : await ask(document, variables);
  console.log(JSON.stringify({ says: step.says, ...told }));
  if (told.refused !== step.refused) break; // what follows would build on it
  if (step.named) known[step.named] = told.answers;
}
await subscribed?.return();
await socket.dispose();
