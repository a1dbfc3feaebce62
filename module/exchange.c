// SPDX-License-Identifier: GPL-2.0-only
/*
 * KEYs in the handshake (Documentation/protocol.rst section 6.2).
 *
 *	initiator			responder
 *	   | SYN, KEY	---->		      |	 computes ids from it as well
 *	   |		<----	 SYN-ACK, KEY |	 REPEAT: keeps nothing
 *	   | confirm, KEY if that was said    |
 *
 * A KEY is answered by a KEY alone.  Which key of its own an end has told is
 * SERVAL_HOST_OFFERED in the place of the host, until that is known.
 */
#include <linux/skbuff.h>

#include "handshake.h"
#include "sal.h"

/**
 * serval_exchange_lacks() - must a SYN have a KEY that it has not
 * @sn:  namespace
 * @syn: its header
 */
bool serval_exchange_lacks(const struct serval_net *sn,
			   const struct serval_pkt *syn)
{
	return !(syn->has & SERVAL_HAS_KEY) &&
	       READ_ONCE(sn->settings.security) == SERVAL_SECURITY_REQUIRED;
}

/**
 * serval_exchange_refuse() - refuse a SYN that has no KEY
 * @sn:  namespace
 * @skb: SYN; consumed
 * @syn: its header
 *
 * Who asks a group wants to hear from those that it can speak to.
 */
void serval_exchange_refuse(struct serval_net *sn, struct sk_buff *skb,
			    const struct serval_pkt *syn)
{
	if (!serval_outer_is_group(skb))
		serval_nack_send(sn, skb, syn, EKEYREJECTED);
	serval_drop(sn, skb, SERVAL_MIB_SYNNOKEY);
}

/**
 * serval_exchange_ok() - may a SYN-ACK be without KEY, if it is
 * @sn:  namespace
 * @fl:  in SYN_SENT
 * @synack: its header
 */
bool serval_exchange_ok(struct serval_net *sn, const struct serval_flow *fl,
			const struct serval_pkt *synack)
{
	bool keyed = synack->has & SERVAL_HAS_KEY && READ_ONCE(fl->host);

	switch (READ_ONCE(sn->settings.security)) {
	case SERVAL_SECURITY_NONCE:
		return true;
	case SERVAL_SECURITY_KEYS:
		/* somebody may have taken it out */
		return keyed || !READ_ONCE(fl->host) ||
		       !serval_pin_find(sn, &fl->conn->service);
	default:
		return keyed;
	}
}

/**
 * serval_exchange_host() - whom a SYN-ACK is from
 * @sn:  namespace
 * @fl:  in SYN_SENT, or it was
 * @synack: its header, which TCP will accept
 *
 * Its service is remembered to have a key.
 *
 * Return: as serval_host_get(), for serval_flow_adopt(); 0 without KEY.
 */
u32 serval_exchange_host(struct serval_net *sn, const struct serval_flow *fl,
			 const struct serval_pkt *synack)
{
	u32 host;

	if (!(synack->has & SERVAL_HAS_KEY))
		return 0;
	host = serval_host_get(sn, READ_ONCE(fl->host), synack->key,
			       GFP_ATOMIC);
	if (host)
		serval_pin_add(sn, &fl->conn->service);
	return host;
}

/**
 * serval_exchange_adopt() - remember whom a connection is with
 * @fl:   in SYN_SENT; its connection's lock is held
 * @synack: header of the SYN-ACK
 * @host: serval_exchange_host()
 *
 * Return: @host if its reference was not taken, else 0.
 */
u32 serval_exchange_adopt(struct serval_flow *fl,
			  const struct serval_pkt *synack, u32 host)
{
	struct serval_conn *conn = fl->conn;

	lockdep_assert_held(&conn->lock);
	if (!(synack->has & SERVAL_HAS_KEY))
		WRITE_ONCE(fl->host, 0);
	WRITE_ONCE(conn->repeat,
		   fl->host && synack->key_flags & SERVAL_KEY_REPEAT);
	/* one that is not its connection's any more has been ended; without
	 * memory for the host, the responder still wants the KEY that it saw
	 */
	if (!host || rcu_access_pointer(conn->flow) != fl)
		return host;
	WRITE_ONCE(fl->host, host);
	return 0;
}
