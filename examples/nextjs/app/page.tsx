import { connection } from "next/server";
import { slices, stream } from "../lib/stream";
import { Counter } from "./counter";

export default async function Page() {
  await connection(); // renders for each request instead of once in the build
  return <Counter initial={stream.snapshot({ slices })} />;
}
