/**
 * A module that no thread can start with: it exports nothing of the kind.
 *
 * @module
 */

export const startThread = 0;
