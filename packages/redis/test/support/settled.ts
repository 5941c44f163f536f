import type { Cluster } from "./nodes.ts";

/** Lets time pass until the promise settles; gives its value, or what it rejected with. */
export async function settled<T>(cluster: Cluster, promise: Promise<T>, withinMs = 10_000): Promise<unknown> {
  let result: { readonly value: unknown } | undefined;
  promise.then(
    (value) => (result = { value }),
    (error: unknown) => (result = { value: error }),
  );
  await cluster.settle();
  for (let passed = 0; passed < withinMs && result === undefined; passed += 10) await cluster.pass(10, 10);
  if (result === undefined) throw new Error(`Not settled within ${withinMs} ms.`);
  return result.value;
}
