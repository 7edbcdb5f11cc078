/**
 * The way of a request's body from Bun's stream to whoever wants it: reads only while somebody
 * does, so that Bun stops reading the socket when nobody does. It knows pieces and their order;
 * limits and clocks are its owner's affair.
 *
 * @module
 */

/** Each call is an event of its own, or comes inside `want`. */
export interface PumpOwner {
  /** True exactly when somebody takes bytes now. */
  readonly bodyIsWanted: boolean;
  /** How many bytes `bodyCame` may bring at once now, 1 or more. */
  readonly bodyTakesMax: number;
  /** Bytes of the body: 1 to 65,536. */
  bodyCame(bytes: Uint8Array): void;
  bodyEnded(): void;
  /** Bun gave the body up. */
  clientGone(): void;
  /** Runs `deliver` as one event of the loop. */
  asEvent(deliver: () => void): void;
}

export class BodyPump {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #owner: PumpOwner;
  /** Came while nobody wanted it. */
  #rest: Uint8Array | null = null;
  #reading = false;
  #delivering = false;
  #over = false;

  constructor(body: ReadableStream<Uint8Array>, owner: PumpOwner) {
    this.#reader = body.getReader();
    this.#owner = owner;
  }

  /** Somebody wants the body, or wants it again. What is here already comes within the call. */
  want(): void {
    if (this.#delivering) return;
    this.#deliver();
    if (this.#over || this.#reading || !this.#owner.bodyIsWanted) return;
    this.#reading = true;
    this.#reader.read().then(this.#came, this.#broke);
  }

  /** Nobody will want it any more. Bun drops what still comes, and keeps the connection. */
  stop(): void {
    this.#over = true;
    this.#rest = null;
  }

  readonly #came = (result: { done: boolean; value?: Uint8Array | undefined }): void => {
    this.#reading = false;
    if (this.#over) return;
    this.#owner.asEvent(() => {
      if (result.done) {
        this.#over = true;
        this.#owner.bodyEnded();
      } else {
        this.#rest = result.value!;
        this.want();
      }
    });
  };

  readonly #broke = (): void => {
    if (this.#over) return;
    this.#over = true;
    this.#owner.asEvent(() => this.#owner.clientGone());
  };

  /** Bun joins what came while nobody read: pieces of more than a mebibyte were seen. */
  #deliver(): void {
    this.#delivering = true;
    while (this.#rest !== null && this.#owner.bodyIsWanted) {
      const rest: Uint8Array = this.#rest;
      const most = Math.min(this.#owner.bodyTakesMax, PIECE_BYTES);
      this.#rest = rest.length > most ? rest.subarray(most) : null;
      this.#owner.bodyCame(this.#rest === null ? rest : rest.subarray(0, most));
    }
    this.#delivering = false;
  }
}

const PIECE_BYTES = 65536;
