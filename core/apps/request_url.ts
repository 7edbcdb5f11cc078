/**
 * The `url` of a web request: what a client named as its target, serialized as the URL standard
 * does it. So `request.url` and `new URL(request.url).href` agree, and a path with `..` in it means
 * one thing to a router that cuts strings and to one that parses them. It knows nothing of
 * requests.
 *
 * @module
 */

/**
 * The serialization of `url`, an http or https URL that `new URL` accepts. `target` is its part
 * that a client may fill at will. Most URLs are their own serialization, and cost two looks.
 */
export function serializedUrl(url: string, target: string): string {
  if (url.startsWith(plainOrigin) && !MAY_CHANGE.test(target)) return url;
  const parsed = new URL(url);
  const origin = `${parsed.origin}/`;
  if (url.startsWith(origin)) plainOrigin = origin;
  return parsed.href;
}

/**
 * The last origin that was found to be its own serialization, with a slash: the clients of a server
 * mostly name the same one.
 */
let plainOrigin = "nothing yet";

/**
 * What the URL standard rewrites in a path or a query: dot segments, also in their escaped
 * spelling, backslashes, and the characters that it escapes. It matches more than is rewritten in
 * the end.
 */
const MAY_CHANGE = /\/\.|%2e|["'<>\\^`{|}]/i;
