/** MiB of this process: now, and at its highest so far. */
export function memory(): { readonly now: number; readonly peak: number } {
  return { now: process.memoryUsage.rss() / 2 ** 20, peak: process.resourceUsage().maxRSS / 2 ** 10 };
}

/** Of a process that runs with --expose-gc. */
export function collectGarbage(): void {
  (globalThis as { gc?: () => void }).gc?.();
}
