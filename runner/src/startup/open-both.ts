interface Closable {
  close(): Promise<void>;
}

/** Waits for two parts that open at the same time. If one cannot open, closes the other. */
export async function openBoth<A extends Closable, B extends Closable>(
  first: Promise<A>,
  second: Promise<B>,
): Promise<[A, B]> {
  try {
    return await Promise.all([first, second]);
  } catch (error) {
    const parts = await Promise.allSettled([first, second]);
    for (const part of parts) if (part.status === "fulfilled") await part.value.close();
    throw error;
  }
}
