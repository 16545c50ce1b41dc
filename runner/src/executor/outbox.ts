/** Sends all messages of one event loop iteration together: one system call wakes the other side once. */
export function createOutbox<Message>(
  send: (messages: readonly Message[]) => void,
): (message: Message) => void {
  let waiting: Message[] = [];

  function flush(): void {
    const messages = waiting;
    waiting = [];
    send(messages);
  }

  return (message) => {
    if (waiting.push(message) === 1) setImmediate(flush);
  };
}
