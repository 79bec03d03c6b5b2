/** What was opened, in order, to be closed in reverse. */
export interface Resources {
  /** @returns the resource, which will be closed by `close` */
  add<T>(resource: T, close: (resource: T) => Promise<void> | void): T;
  /** Closes all that was added, the last first; each is tried whatever the others do. Once. @throws AggregateError */
  close(): Promise<void>;
}

export function createResources(): Resources {
  let open: (() => Promise<void> | void)[] = [];
  return {
    add(resource, close) {
      open.push(() => close(resource));
      return resource;
    },
    async close() {
      const closers = open.reverse();
      open = [];
      const errors: unknown[] = [];
      for (const close of closers) {
        try {
          await close();
        } catch (error) {
          errors.push(error);
        }
      }
      if (errors.length > 0) throw new AggregateError(errors, 'Not everything could be closed.');
    },
  };
}
