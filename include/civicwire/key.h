/* CURVE keys in files, as `civicwire key` writes them and as czmq and pyzmq read them
 * (zmq.auth.load_certificate): the text format of ZeroMQ certificates, RFC 4/ZPL.
 *
 *   metadata
 *       name = "archive"
 *       server-key = "…"          the server's public key
 *   curve
 *       public-key = "…"
 *       secret-key = "…"
 *
 * For any thread. */
#ifndef CIVICWIRE_KEY_H
#define CIVICWIRE_KEY_H

#ifdef __cplusplus
extern "C" {
#endif

/* A key as 40 characters of Z85 (RFC 32) and a NUL. */
#define CW_KEY_SIZE 41

/* What a file says; "" where it says nothing. */
struct cw_key {
	char public_key[CW_KEY_SIZE];
	char secret_key[CW_KEY_SIZE];
	char server_key[CW_KEY_SIZE];
};

/* Reads a file. 0; -EINVAL: it is no such file, or a key in it is none; or the negative errno of
 * opening and reading. *ret_key is unchanged then. Wipe it when you are done. */
int cw_key_read(const char *path, struct cw_key *ret_key);
/* Overwrites the keys in a way that no compiler leaves out. NULL is allowed. */
void cw_key_wipe(struct cw_key *key);

#ifdef __cplusplus
}
#endif

#endif
