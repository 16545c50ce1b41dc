/** Absolute URLs of jobs and batches, for events and responses. */
export interface Links {
  readonly job: (id: string) => string;
  readonly batch: (id: string) => string;
}

/** `baseUrl` is read at each call: without PLAYGROUND_PUBLIC_URL it is known once the daemon listens. */
export function createLinks(baseUrl: () => string): Links {
  const inCollection =
    (collection: string) =>
    (id: string): string =>
      `${baseUrl()}/v1/${collection}/${encodeURIComponent(id)}`;
  return { job: inCollection("jobs"), batch: inCollection("batches") };
}
