// The types of pinned-node.mjs, which has to run before there is a compiler.
/** The repository's root directory. */
export const root: string;
export function pinnedNode(): string | undefined;
export function handOver(file: string, args: readonly string[]): void;
export function refuseOldNode(): void;
