import type { AddressInfo } from "node:net";
import { fileURLToPath } from "node:url";
import { configureStore, createAction, createReducer, nanoid } from "@reduxjs/toolkit";
import { createStateStream } from "@statestream/core";
import { causeEnhancer } from "@statestream/core/redux";
import { streamState } from "@statestream/express";
import express from "express";

type Order = { id: string; product: string; price: number; customer: string };

const prices = new Map(Object.entries({ bread: 4, honey: 9 }));

const placed = createAction("order/placed", (order: Order) => ({ payload: order, meta: { id: nanoid() } }));
const shipped = createAction<string>("order/shipped");

const open = createReducer<Pick<Order, "id" | "product">[]>([], (builder) => {
  builder.addCase(placed, (orders, { payload: { id, product } }) => void orders.push({ id, product }));
  builder.addCase(shipped, (orders, { payload }) => orders.filter(({ id }) => id !== payload));
});
const sales = createReducer({ orders: 0, revenue: 0 }, (builder) => {
  builder.addCase(placed, (totals, { payload }) => {
    totals.orders += 1;
    totals.revenue += payload.price;
  });
});

const store = configureStore({ reducer: { open, sales }, enhancers: (base) => base().prepend(causeEnhancer()) });
// Clients receive each action's type and id. Its payload, and with it the customer's name, stays here.
const stream = createStateStream({ source: store });

const app = express();
app.use(express.static(fileURLToPath(new URL("../public", import.meta.url))));

app.get("/events", (req, res) => {
  streamState(req, res, stream);
});

app.post("/orders/:product/:customer", (req, res) => {
  const { product, customer } = req.params;
  const price = prices.get(product);
  if (price !== undefined) store.dispatch(placed({ id: nanoid(), product, price, customer }));
  res.sendStatus(price === undefined ? 404 : 204);
});

app.delete("/orders/:id", (req, res) => {
  store.dispatch(shipped(req.params.id));
  res.sendStatus(204);
});

const server = app.listen(Number(process.env["PORT"] ?? 3000), "127.0.0.1");
server.once("listening", () => {
  console.log(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
});
const stop = (): void => {
  server.close();
  void stream.close({ reason: "draining" });
};
process.once("SIGINT", stop).once("SIGTERM", stop);
