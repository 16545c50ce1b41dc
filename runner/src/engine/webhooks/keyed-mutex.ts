/** Runs tasks with the same key one after another, in the order of the calls. */
export interface KeyedMutex {
  /** Settles as the task does. The next task runs even if this one fails. */
  run<T>(key: string, task: () => Promise<T>): Promise<T>;
}

export function createKeyedMutex(): KeyedMutex {
  const last = new Map<string, Promise<unknown>>();
  return {
    async run(key, task) {
      const done = (last.get(key) ?? Promise.resolve()).then(task, task);
      last.set(key, done);
      try {
        return await done;
      } finally {
        if (last.get(key) === done) last.delete(key);
      }
    },
  };
}
