/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Can the model do what a kernel has done? The environment of migration.pml is replaced: a step of
 * either end is possible only if it is the next one of a trace, and as the trace has it.
 * Whatever is not in the trace is free: packets may be lost, repeated and overtaken, addresses
 * come and go, timers fire at any time, and data is always on its way. "replayed" fails
 * if there is a way to the end of the trace. The script "replay" makes traces of what the
 * tracepoint serval_move says.
 *
 * All that was ever sent stays in net, to be delivered at any time, once more or never.
 */

/*
 * "replay" sets RETRIES as module/move.c has it, and EV_... to the values of enum serval_event of
 * module/fsm.h.
 */
#define REPLAY
#define N 64
#define HAVE_M 3
#define HAVE_P 3
#define GAINS 1			/* or nothing would be sent to an address that is away */

byte at;			/* steps of the trace that have been taken */
byte wrong;			/* the model has taken another */
hidden byte within, replayed;
hidden byte want[11];	/* the step of the trace, as the script writes it */
#define END	0
#define STATE	1
#define EVENT	2
#define NEXT	3
#define SND	4
#define RCV	5
#define LOST	6
#define KEPT	7
#define LOCAL	8
#define REMOTE	9
#define HERE	10

c_decl {
	\#include <stdio.h>
	\#include <stdlib.h>
	extern int trace[256][11], trace_length, furthest;
}

c_code {
	int trace[256][11], trace_length, furthest;

	static void tell_furthest(void)
	{
		printf("taken %d of %d\n", furthest, trace_length);
	}

	static void read_trace(void)
	{
		FILE *in = fopen("trace", "r");
		int n = 0;

		while (in && n < 256 * 11 && fscanf(in, "%d", &trace[n / 11][n % 11]) == 1)
			n++;
		trace_length = n / 11;
		if (!n || n % 11 || n / 11 > 250) {
			printf("no trace\n");
			exit(1);
		}
		fclose(in);
		atexit(tell_furthest);
	}
}

#include "migration.pml"

/* The step that was under way has ended. */
inline end_step()
{
	if
	:: within && st[e] == want[NEXT] ->
		at++;
		c_code { if (now.at > furthest) furthest = now.at; }
	:: within && st[e] != want[NEXT] -> wrong = true
	:: else -> skip
	fi;
	within = false
}

inline step(event, addr)
{
	end_step();
	c_code {
		int field;

		for (field = 0; field < 11; field++)
			want[field] = now.at < trace_length ? trace[now.at][field] : 255;
	};
	if
	:: want[END] == e && want[STATE] == st[e] && want[EVENT] == event &&
	   want[SND] == snd[e] && want[RCV] == rcv[e] &&
	   want[LOST] == !HAS(e, al[e]) && want[KEPT] == (ci[e] != 0) &&
	   want[LOCAL] == al[e] && want[REMOTE] == ar[e] &&
	   (want[HERE] == NONE || want[HERE] == addr) -> within = true
	:: else -> wrong = true
	fi
}

inline over()
{
	end_step();
	done();
	do
	:: e <= P ->
		if
		:: HAS(e, al[e]) -> send_data(); flush(0)
		:: else -> skip
		fi;
		e++
	:: else -> break
	od;
	e = 0
}

inline choose_any_packet()
{
	k = 0;
	do
	:: k < N - 1 && net[k + 1] != 0 -> k++
	:: break
	od
}

init {
	d_step {
		begin();
		c_code { read_trace(); };
		over()
	}
	do
	:: atomic {
		!wrong -> choose_any_packet();
		d_step {
			take(net[k]);
			deliver();
			over()
		}
	}
	:: atomic {
		!wrong ->
		if
		:: k = M
		:: k = P
		fi;
		d_step {
			e = k;
			u[e] = SILENCE;
			if
			:: st[e] != NOADDRESS && (st[e] != ESTABLISHED || HAS(e, al[e])) -> timer()
			:: else -> skip
			fi;
			u[k] = 0;
			over()
		}
	}
	:: atomic {
		!wrong -> choose_address();
		d_step {
			e = OWNER(i);
			if
			:: HAS(e, i) -> wanted(i)
			:: else -> skip
			fi;
			if
			:: HAS(e, i) && !within && !wrong -> gained(i)
			:: else -> skip
			fi;
			over()
		}
	}
	:: atomic {
		!wrong -> choose_address();
		d_step {
			e = OWNER(i);
			if
			:: HAS(e, i) -> have[e] = have[e] - BIT(i); lost(i)
			:: else -> have[e] = have[e] | BIT(i); had[e] = had[e] | BIT(i)
			fi;
			over()
		}
	}
	:: d_step {
		!wrong && c_expr { now.at == trace_length } ->
		replayed = true;
		assert(!replayed)
	}
	:: wrong -> break
	od
}
