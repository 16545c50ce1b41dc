/** Acts on the same thing one after another, in the order of the calls; on others they do not wait. */
export interface KeyedMutex {
  /** Settles as the act does. One that fails does not keep the next from its turn. */
  run<T>(id: string, act: () => Promise<T>): Promise<T>;
}

export function createKeyedMutex(): KeyedMutex {
  const last = new Map<string, Promise<unknown>>();
  return {
    async run(id, act) {
      const done = (last.get(id) ?? Promise.resolve()).then(act, act);
      last.set(id, done);
      try {
        return await done;
      } finally {
        if (last.get(id) === done) last.delete(id);
      }
    },
  };
}
