// SPDX-License-Identifier: GPL-2.0-only
/*
 * Keys of a connection, and the MACs made with them
 * (Documentation/protocol.rst section 6).
 *
 *	secret of two hosts
 *	   | BLAKE2s(secret, label | all that the handshake said)
 *	   +-> key initiator -> responder
 *	   +-> key responder -> initiator
 *
 * The whole handshake goes in, so that no two connections, and not the two ends
 * of one, ever have the same key: a message that is recorded counts nowhere
 * else.  They are derived when a connection is first to move (move.h).
 */
#include <linux/string.h>
#include <crypto/algapi.h>
#include <crypto/blake2s.h>

#include "keys.h"

/* Network byte order, without padding: both ends must hash the same bytes */
struct derive_input {
	char label[16];
	u8 initiator_key[SERVAL_KEY_SIZE];
	u8 responder_key[SERVAL_KEY_SIZE];
	struct service_id service;
	u64 nonce;
	__be32 initiator_id;
	__be32 responder_id;
	__be32 initiator_iss;
	__be32 responder_iss;
};

static_assert(sizeof(struct derive_input) == 136);

static void fill_input(struct derive_input *in, const struct serval_host *host,
		       const struct serval_transcript *t)
{
	const u8 *own = host->own->public, *peer = host->name.peer;

	memset(in, 0, sizeof(*in));
	memcpy(in->initiator_key, t->active ? own : peer, SERVAL_KEY_SIZE);
	memcpy(in->responder_key, t->active ? peer : own, SERVAL_KEY_SIZE);
	in->service = t->service;
	in->nonce = t->nonce;
	in->initiator_id = t->initiator_id;
	in->responder_id = t->responder_id;
	in->initiator_iss = cpu_to_be32(t->initiator_iss);
	in->responder_iss = cpu_to_be32(t->responder_iss);
}

/**
 * serval_keys_derive() - keys of a connection
 * @host: the other end's host, whose secret is ready
 * @t:    what the handshake said
 * @keys: result
 *
 * Context: any; the host may not go away meanwhile.
 */
void serval_keys_derive(const struct serval_host *host,
			const struct serval_transcript *t,
			struct serval_auth_keys *keys)
{
	struct derive_input in;

	fill_input(&in, host, t);
	strscpy_pad(in.label, "Serval I to R", sizeof(in.label));
	blake2s(t->active ? keys->tx : keys->rx, (u8 *)&in, host->secret,
		SERVAL_KEY_SIZE, sizeof(in), SERVAL_KEY_SIZE);
	strscpy_pad(in.label, "Serval R to I", sizeof(in.label));
	blake2s(t->active ? keys->rx : keys->tx, (u8 *)&in, host->secret,
		SERVAL_KEY_SIZE, sizeof(in), SERVAL_KEY_SIZE);
}

/* The checksum and the MAC itself count as zero */
static void compute_mac(const u8 key[SERVAL_KEY_SIZE], const u8 *hdr,
			unsigned int len, unsigned int mac_at,
			const u64 *covers, u8 mac[SERVAL_MAC_LEN])
{
	static const u8 zero[SERVAL_MAC_LEN];
	const unsigned int check = offsetof(struct serval_hdr, check);
	unsigned int end = mac_at + SERVAL_MAC_LEN;
	struct blake2s_state state;

	blake2s_init_key(&state, SERVAL_MAC_LEN, key, SERVAL_KEY_SIZE);
	blake2s_update(&state, hdr, check);
	blake2s_update(&state, zero, SERVAL_HDR_LEN - check);
	blake2s_update(&state, hdr + SERVAL_HDR_LEN, mac_at - SERVAL_HDR_LEN);
	blake2s_update(&state, zero, sizeof(zero));
	blake2s_update(&state, hdr + end, len - end);
	if (covers)
		blake2s_update(&state, (const u8 *)covers, sizeof(*covers));
	blake2s_final(&state, mac);
}

/**
 * serval_auth_sign() - put the MAC into a header's AUTH
 * @key:    serval_auth_keys.tx
 * @hdr:    built with AUTH
 * @len:    of it
 * @mac_at: serval_wire_mac_at()
 * @covers: challenge that the MAC covers besides, NULL = none
 *
 * Context: any.
 */
void serval_auth_sign(const u8 key[SERVAL_KEY_SIZE], void *hdr,
		      unsigned int len, unsigned int mac_at, const u64 *covers)
{
	u8 mac[SERVAL_MAC_LEN];

	compute_mac(key, hdr, len, mac_at, covers, mac);
	serval_wire_set_mac(hdr, len, mac_at, mac);
}

/**
 * serval_auth_ok() - is the MAC of a header right
 * @key:    serval_auth_keys.rx
 * @hdr:    received, with AUTH
 * @len:    of it
 * @mac_at: serval_pkt.mac_at
 * @covers: see serval_auth_sign()
 *
 * Context: any; takes the same time whatever the MAC is.
 * Return: false also for a header without AUTH, whose @mac_at is 0.
 */
bool serval_auth_ok(const u8 key[SERVAL_KEY_SIZE], const void *hdr,
		    unsigned int len, unsigned int mac_at, const u64 *covers)
{
	u8 mac[SERVAL_MAC_LEN];

	if (!mac_at)
		return false;
	compute_mac(key, hdr, len, mac_at, covers, mac);
	return !crypto_memneq(mac, (const u8 *)hdr + mac_at, sizeof(mac));
}
