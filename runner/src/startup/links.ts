/** Absolute URLs of jobs and batches, for events and responses. */
export interface Links {
  readonly job: (id: string) => string;
  readonly batch: (id: string) => string;
  /** The content of a file. */
  readonly file: (id: string) => string;
}

/** `baseUrl` is read at each call: without PLAYGROUND_PUBLIC_URL it is known once the daemon listens. */
export function createLinks(baseUrl: () => string): Links {
  const inCollection =
    (collection: string) =>
    (id: string): string =>
      `${baseUrl()}/v1/${collection}/${encodeURIComponent(id)}`;
  const file = inCollection("files");
  return {
    job: inCollection("jobs"),
    batch: inCollection("batches"),
    file: (id) => `${file(id)}/content`,
  };
}
