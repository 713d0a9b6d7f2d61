// What we use of Node.js beyond the web platform, so that a build needs no package of types.
declare const process: {
  env: Record<string, string | undefined>;
  on(signal: string, listener: (signal: string, number: number) => void): void;
  off(signal: string, listener: (signal: string, number: number) => void): void;
  exit(code?: number): never;
};
declare const Buffer: { byteLength(text: string): number };
