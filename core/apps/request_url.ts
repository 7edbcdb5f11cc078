/**
 * The `url` of a web request: what a client named as its target, serialized as the URL standard
 * does it. So `request.url` and `new URL(request.url).href` agree, and a path with `..` in it means
 * one thing to a router that cuts strings and to one that parses them. It knows nothing of
 * requests.
 *
 * @module
 */

/**
 * The serialization of a URL that `new URL` accepts, from its parts. `target` begins with a slash;
 * a client may fill it at will. Most URLs are their own serialization, and cost two looks.
 */
export function serializedUrl(scheme: string, authority: string, target: string): string {
  if (authority === plainAuthority && scheme === plainScheme && !MAY_CHANGE.test(target)) {
    return plainOrigin + target;
  }
  const origin = `${scheme}://${authority}`;
  const parsed = new URL(origin + target);
  if (parsed.origin === origin) {
    plainScheme = scheme;
    plainAuthority = authority;
    plainOrigin = origin;
  }
  return parsed.href;
}

/**
 * The last origin that was found to be its own serialization: the clients of a server mostly name
 * the same one. It may be shared by all servers of a process, since `serializedUrl` answers the
 * same with it and without; who alternates between two names only goes the longer way.
 */
let plainOrigin = "";
let plainScheme = "";
let plainAuthority = "";

/**
 * What the URL standard rewrites in a path or a query: dot segments, also in their escaped
 * spelling, backslashes, and the characters that it escapes. It matches more than is rewritten in
 * the end.
 */
const MAY_CHANGE = /\/\.|%2e|["'<>\\^`{|}]/i;
