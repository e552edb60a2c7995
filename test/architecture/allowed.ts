/** A row of the architecture: a folder of `src` imports only from rows above it, and from no sibling. */
export interface Row {
  readonly folders: readonly string[];
  readonly why: string;
}

export const rows: readonly Row[] = [
  { folders: ["core"], why: "Small and frozen: everything may know it, it knows nothing." },
  {
    folders: ["interceptors", "observability", "storage", "schema"],
    why: "One behaviour, one library or one format each. `schema` holds what is known of zod, for the package's face, the runtime and the edge.",
  },
  { folders: ["client", "server", "discovery", "events", "saga"], why: "Both ends of a call, and what outlives one." },
  { folders: ["runtime"], why: "Puts the rows above together for one process; it alone loads transports, by name." },
  { folders: ["gateway", "dashboard"], why: "Entries from outside; they know the runtime, never each other." },
  { folders: ["cli"], why: "Starts whatever a process needs, its gateway included, and is imported by nobody." },
  {
    folders: ["testing", "index.ts"],
    why: "The package's two faces: they may show anything, and nobody in src looks at them.",
  },
];

/** A package that more than one folder of `src` imports. */
export const sharedPackages: ReadonlyMap<string, { readonly folders: readonly string[]; readonly why: string }> =
  new Map([
    [
      "zod",
      {
        folders: ["schema", "runtime"],
        why: "Topology files and the contract of a process are the runtime's own, and are checked like any contract.",
      },
    ],
  ]);

/** A client library that a transport and one folder of `src` both need; nobody else may have it. */
export const sharedWithTransport: ReadonlyMap<
  string,
  { readonly folder: string; readonly transport: string; readonly why: string }
> = new Map([
  [
    "ioredis",
    {
      folder: "discovery",
      transport: "redis",
      why: "Redis can carry calls, know the instances, or both; a registry is no transport, and each is used without the other.",
    },
  ],
]);

/** What a module may import beside its own files and other modules' contracts; the framework comes by its own name. */
export const modulePackages: readonly string[] = ["zod", "inversify"];
export const testPackages: readonly string[] = ["vitest", "fast-check"];

export const maxLines = 250;
