import { randomFillSync } from 'node:crypto';

/** 64 KB a call: what a call into the system costs is then spread over 16,384 words. */
const WORDS = 16_384;
const ALL = 2 ** 32;

/** 32-bit words from the system's cryptographic generator, drawn ahead. */
export class RandomWords {
  private readonly words = new Uint32Array(WORDS);
  private next = WORDS;

  /** 0 to 2³² − 1. */
  take(): number {
    if (this.next === WORDS) {
      randomFillSync(this.words);
      this.next = 0;
    }
    const word = this.words[this.next];
    // What was used as noise must not stay in memory for a later reader.
    this.words[this.next++] = 0;
    return word;
  }

  /** 0 to end − 1, each exactly as likely as every other. @param end 1 to 2³² */
  below(end: number): number {
    const fair = ALL - (ALL % end);
    for (;;) {
      const word = this.take();
      if (word < fair) return word % end;
    }
  }
}
