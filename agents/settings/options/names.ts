/** Names that clients of such machines accept for a host. */
export const hostnamePattern = /^[a-zA-Z0-9][a-zA-Z0-9.-]{0,62}$/;
/** Names that Debian gives users by default (adduser.conf(5), NAME_REGEX). */
export const userPattern = /^[a-z_][a-z0-9_-]{0,30}$/;
