// SPDX-License-Identifier: LGPL-2.1-or-later
/* Names of the numbers in rules and flows. */
#include "msg.h"

const char *serval_service_type_name(unsigned int type)
{
	switch (type) {
	case SERVAL_SERVICE_FORWARD:
		return "forward";
	case SERVAL_SERVICE_DEMUX:
		return "demux";
	case SERVAL_SERVICE_DELAY:
		return "delay";
	case SERVAL_SERVICE_DROP:
		return "drop";
	default:
		return "unknown";
	}
}

const char *serval_service_reason_name(unsigned int reason)
{
	switch (reason) {
	case SERVAL_REASON_TIMEOUT:
		return "timeout";
	case SERVAL_REASON_IDLE_TIMEOUT:
		return "idle-timeout";
	case SERVAL_REASON_DEVICE:
		return "device";
	default:
		return "unknown";
	}
}

const char *serval_udp_encap_name(int encap)
{
	switch (encap) {
	case SERVAL_UDP_DEFAULT:
		return "default";
	case SERVAL_UDP_NEVER:
		return "raw";
	case SERVAL_UDP_ALWAYS:
		return "udp";
	case SERVAL_UDP_AUTO:
		return "auto";
	default:
		return "unknown";
	}
}

const char *serval_flow_role_name(unsigned int role)
{
	switch (role) {
	case SERVAL_ROLE_USED:
		return "used";
	case SERVAL_ROLE_BACKUP:
		return "backup";
	case SERVAL_ROLE_DOWN:
		return "down";
	default:
		return "unknown";
	}
}

const char *serval_flow_state_name(unsigned int state)
{
	static const char * const names[] = {
		"UNKNOWN", "ESTABLISHED", "SYN_SENT", "SYN_RCVD", "FIN_WAIT1",
		"FIN_WAIT2", "TIME_WAIT", "CLOSE", "CLOSE_WAIT", "LAST_ACK",
		"LISTEN", "CLOSING", "SYN_RCVD",
	};

	return names[state < ARRAY_SIZE(names) ? state : 0];
}

const char *serval_flow_path_name(unsigned int state)
{
	static const char * const names[] = {
		"CLOSED", "LISTEN", "SYN_SENT", "SYN_RCVD", "ESTABLISHED",
		"NOADDRESS", "RSYN_SENT", "RSYN_RCVD", "RSYN_SENT_RCVD",
		"NOADDRESS_RSYN_RCVD",
	};

	return state < ARRAY_SIZE(names) ? names[state] : "UNKNOWN";
}

const char *serval_proto_name(unsigned int proto)
{
	switch (proto) {
	case SERVAL_PROTO_TCP:
		return "tcp";
	case SERVAL_PROTO_UDP:
		return "udp";
	default:
		return "unknown";
	}
}
