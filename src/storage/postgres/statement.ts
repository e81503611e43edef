/** A prepared statement, unless it has no name. The name must be unique to the text. */
export interface Statement {
  readonly name?: string;
  readonly text: string;
}
