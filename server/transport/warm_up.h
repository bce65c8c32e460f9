/**
 * Each library that packets meet does one whole operation, so that whatever it loads, opens or caches at its first use is done
 * before the jail closes: a DTLS handshake with client certificate between two objects in memory (OpenSSL: key, signature, key
 * exchange, certificates, random numbers), a STUN request signed, validated and answered (GnuTLS behind libnice), and one packet
 * sealed and opened in each SRTP suite (libsrtp2, OpenSSL).
 *
 * Main thread, after media_keys_library_start() and before the jail. 0, or -EIO with `*failed` naming what did not work.
 */
#ifndef HOPKIN_TRANSPORT_WARM_UP_H
#define HOPKIN_TRANSPORT_WARM_UP_H

int transport_warm_up(const char **failed);

#endif
