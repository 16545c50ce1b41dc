/** `ctx.fetch`: the web's fetch, aborted with the step. The one place that plugins' requests pass. */
export function createPluginFetch(signal: AbortSignal): typeof globalThis.fetch {
  return (input, init) => {
    const own = init?.signal ?? (input instanceof Request ? input.signal : null);
    return fetch(input, { ...init, signal: own ? AbortSignal.any([signal, own]) : signal });
  };
}
