/** The part of Standard Schema (https://standardschema.dev) that Pangaea relies on; any library that speaks it will do. */
export interface Schema<Input = any, Output = any> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** What a caller may write: defaults may be left out. */
export type InputOf<S extends Schema> = NonNullable<S["~standard"]["types"]>["input"];
/** What a reader gets: defaults are filled in. */
export type OutputOf<S extends Schema> = NonNullable<S["~standard"]["types"]>["output"];
