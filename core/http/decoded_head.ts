/**
 * A request head whose body was decoded on its way: as if the client had sent it without its
 * content coding, in chunks. It knows which fields say otherwise; it knows no codings.
 *
 * @module
 */

import { ByteHead, type RequestHead } from "./request_head.ts";
import type { TargetForm } from "./request_head_parser.ts";

/** Fields that were true of the coded body only. */
const HIDDEN: ReadonlySet<string> = new Set(["content-encoding", "content-length"]);

export class DecodedHead implements RequestHead {
  readonly hostNeedsCheck = false;
  readonly contentLength = -1;
  readonly chunked = true;
  readonly #head: RequestHead;
  #fields: readonly string[] | null = null;

  constructor(head: RequestHead) {
    this.#head = head;
  }

  get method(): string {
    return this.#head.method;
  }

  get target(): string {
    return this.#head.target;
  }

  get targetForm(): TargetForm {
    return this.#head.targetForm;
  }

  get versionMinor(): 0 | 1 {
    return this.#head.versionMinor;
  }

  get authority(): string {
    return this.#head.authority;
  }

  get keepAlive(): boolean {
    return this.#head.keepAlive;
  }

  get expectContinue(): boolean {
    return this.#head.expectContinue;
  }

  get hasUpgrade(): boolean {
    return this.#head.hasUpgrade;
  }

  get isHead(): boolean {
    return this.#head.isHead;
  }

  fields(): readonly string[] {
    return this.#fields ??= visible(this.#head.fields());
  }

  get(lowerCaseName: string): string | null {
    return HIDDEN.has(lowerCaseName) ? null : this.#head.get(lowerCaseName);
  }

  getAll(lowerCaseName: string): string[] {
    return HIDDEN.has(lowerCaseName) ? [] : this.#head.getAll(lowerCaseName);
  }

  /** The text that is kept of the head as it came, in bytes. */
  get keptBytes(): number {
    return this.#head instanceof ByteHead ? this.#head.keptBytes : 0;
  }

  keep(): void {
    this.#head.keep();
  }
}

function visible(fields: readonly string[]): string[] {
  const left: string[] = [];
  for (let i = 0; i < fields.length; i += 2) {
    if (!HIDDEN.has(fields[i]!.toLowerCase())) left.push(fields[i]!, fields[i + 1]!);
  }
  return left;
}
