import { rolldown } from "rolldown";

/** How to compile the files of a front end whose components are not plain TypeScript. */
export interface Compiler {
  readonly files: RegExp;
  /** Returns TypeScript or JavaScript. */
  readonly compile: (code: string, file: string) => string;
}

/**
 * Bundles a module for a server or for a browser, as build tools do, and imports it. Both in one test, since a front end is
 * one package with another content for each.
 */
export async function importFor<Module>(
  platform: "node" | "browser",
  entry: string,
  { files, compile }: Compiler,
): Promise<Module> {
  const transform = {
    filter: { id: files },
    handler: (code: string, id: string) => ({ code: compile(code, id), moduleType: "ts" as const }),
  };
  const bundle = await rolldown({
    input: entry,
    platform,
    transform: { define: { "process.env.NODE_ENV": '"development"' } },
    resolve: { conditionNames: [platform, "development", "import"] },
    plugins: [{ name: "front-end", transform }],
    logLevel: "silent",
  });
  try {
    const { output } = await bundle.generate({ format: "es", codeSplitting: false });
    const code = Buffer.from(output[0].code).toString("base64");
    return (await import(/* @vite-ignore */ `data:text/javascript;base64,${code}`)) as Module;
  } finally {
    await bundle.close();
  }
}
