/* The protocol of DESIGN section 4 for SPIN, in converge: any plan above the pointer may be claimed,
   and a step brings a target from any state to its plan. protocol.py has the rest: exact, people,
   planning read by read. This one has more enactors, and pruning beside them.

   Sizes: -DENACTORS -DGENERATIONS -DCRASHES -DLATE -DLOST -DPRUNING -DPUBLISHED. Rules taken back:
   -DNO_FENCE (a target takes any write), -DNO_COMPARE (refreshed and tried again), -DNO_POINTER (a
   claim may go back), -DNO_RESUME (only newer plans are taken), -DNO_DIGEST (a generation is enough
   to resume), -DNO_DESIRED (applied advances whatever is desired), -DNO_FLOOR (pruning by what
   mirrors name).

   A state where nobody can go on before the newest plan is applied is an invalid end state: a wedge. */

#ifndef ENACTORS
#define ENACTORS 3
#endif
#ifndef GENERATIONS
#define GENERATIONS 3
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef LATE
#define LATE 0
#endif
#ifndef LOST
#define LOST 0
#endif
#define TARGETS 2

/* A fence is its generation and the digest of its plan; g1 is live everywhere at the start. */
#ifdef PUBLISHED
byte head = GENERATIONS;          /* every order of claims is possible, and fewer states */
#else
byte head = 1;                    /* the newest key in the archive */
#endif
bit digest[GENERATIONS + 1];      /* of the file under each key */
bit buried[GENERATIONS + 1];
byte desired = 1;
bit desired_digest;
byte applied = 1;
byte fence[TARGETS] = 1;
bit fence_digest[TARGETS];
bit done[TARGETS] = 1;
byte mirror[TARGETS] = 1;
byte crashes = CRASHES;
byte late = LATE;
byte lost = LOST;

#define FINISHED (applied == GENERATIONS && head == GENERATIONS)
#define CLAIMABLE(n) (n <= head && n > desired && !buried[n])
#ifdef NO_RESUME
#define RESUMABLE 0
#else
#define RESUMABLE (desired > applied && !buried[desired])
#endif

/* A step that is delivered late: which target, what it expects, what it carries. */
bit late_on_its_way;
byte late_target, late_expects, late_carries;
bit late_expects_digest, late_expects_done, late_carries_digest, late_carries_done;

/* Whatever a pass remembered is forgotten with it: fewer states, and nothing else. */
#define FORGET g = 0; t = 0; seen = 0; mine = 0; seen_digest = 0; seen_done = 0

inline raise(t, n) {
    if
    :: mirror[t] < n -> mirror[t] = n
    :: else
    fi
}

/* What the target does by itself. A step of another digest under one generation breaks G2. */
inline land(t, n, n_digest, n_done, expects, expects_digest, expects_done) {
    if
#ifdef NO_FENCE
    :: true ->
#else
    :: fence[t] == expects && fence_digest[t] == expects_digest && done[t] == expects_done ->
#endif
        assert(n >= fence[t]);                                          /* G1 */
        assert(n != fence[t] || n_digest == fence_digest[t]);           /* G2 */
        assert(n != desired || n_digest == desired_digest);             /* G2 */
        fence[t] = n;
        fence_digest[t] = n_digest;
        done[t] = n_done
    :: else
    fi
}

/* choose, claim, then for each target: read its fence, read the pointer beside it, write. */
active [ENACTORS] proctype Enactor() {
    byte g, t, seen;
    bit mine, seen_digest, seen_done;

idle:
    atomic {
        if
        :: CLAIMABLE(2) -> g = 2
#if GENERATIONS > 2
        :: CLAIMABLE(3) -> g = 3
#endif
#if GENERATIONS > 3
        :: CLAIMABLE(4) -> g = 4
#endif
        :: RESUMABLE && digest[desired] == desired_digest -> g = desired
        :: FINISHED -> goto end
        fi;
        mine = digest[g]
    }
    atomic {
        if
#ifdef NO_POINTER
        :: true ->
#else
        :: g > desired ->
#endif
            assert(g >= desired);                                       /* the pointer never falls */
            desired = g; desired_digest = mine
#ifdef NO_DIGEST
        :: g == desired && applied < g -> skip
#else
        :: g == desired && applied < g && mine == desired_digest -> skip
#endif
        :: else -> FORGET; goto idle
        fi
    }

target:
    atomic {
        if
        :: t == TARGETS -> goto complete
        :: else
        fi;
        seen = fence[t]; seen_digest = fence_digest[t]; seen_done = done[t];
        if
        :: seen == g && seen_digest == mine && seen_done -> t++; goto target
        :: else
        fi
    }
    atomic {
        if
        :: crashes > 0 -> crashes--; FORGET; goto idle
        :: true
        fi;
#ifndef NO_COMPARE
        if
        :: seen != g -> raise(t, seen)
        :: else
        fi;
        if
        :: seen > g || desired != g || (seen == g && seen_digest != mine) -> FORGET; goto idle
        :: else
        fi
#endif
    }
    atomic {
        if
        :: crashes > 0 -> crashes--; FORGET; goto idle
#if LATE > 0
        :: late > 0 && !late_on_its_way ->
            late--; late_on_its_way = 1; late_target = t;
            late_expects = seen; late_expects_digest = seen_digest; late_expects_done = seen_done;
            late_carries = g; late_carries_digest = mine; late_carries_done = (seen == g)
#endif
        :: true -> land(t, g, mine, (seen == g), seen, seen_digest, seen_done)
        fi;
        seen = 0; seen_digest = 0; seen_done = 0;
        goto target
    }

complete:
    atomic {
        if
#ifdef NO_DESIRED
        :: applied < g ->
#else
        :: desired == g && desired_digest == mine && applied < g ->
#endif
            assert(desired == g);                                       /* applied is so */
            assert(fence[0] == g && fence[1] == g && done[0] && done[1]);
            applied = g; raise(0, g); raise(1, g)
        :: else
        fi;
        FORGET; goto idle
    }
end:
    skip
}

/* A planning pass that reads a number first, where that matters, and creates its key later. */
active proctype Planner() {
#if LOST > 0
    byte number;
#endif
    do
#if LOST > 0
    :: atomic { head < GENERATIONS -> number = (head > desired -> head : desired) + 1 }
       atomic {
            if
            :: number > head && number <= GENERATIONS -> head = number
            :: else
            fi;
            number = 0
       }
    :: atomic { lost > 0 && head > desired && head < GENERATIONS ->     /* nobody claimed it yet */
            lost--; digest[head] = 1 - digest[head]; head--
       }
#else
    :: atomic { head < GENERATIONS -> head++ }
#endif
    :: FINISHED -> break
    od
}

#ifdef PRUNING
/* Picks by facts, buries later: what it rests on only rises. */
active proctype Janitor() {
    byte g;
#ifdef NO_FLOOR
#define DELETABLE(n) (!buried[n] && n < desired && n != applied && n != mirror[0] && n != mirror[1])
#else
#define DELETABLE(n) (!buried[n] && n < applied && n < mirror[0] && n < mirror[1])
#endif
    do
    :: atomic {
            if
            :: DELETABLE(1) -> g = 1
            :: DELETABLE(2) -> g = 2
#if GENERATIONS > 3
            :: DELETABLE(3) -> g = 3
#endif
            fi
       }
       atomic {
            assert(g != desired && g != applied && g != fence[0] && g != fence[1]);   /* G3 */
            buried[g] = 1; g = 0
       }
    :: FINISHED -> break
    od
}
#endif

#if LATE > 0
active proctype Network() {
end:
    do
    :: atomic { late_on_its_way ->
            land(late_target, late_carries, late_carries_digest, late_carries_done,
                 late_expects, late_expects_digest, late_expects_done);
            late_on_its_way = 0; late_target = 0; late_expects = 0; late_carries = 0;
            late_expects_digest = 0; late_expects_done = 0;
            late_carries_digest = 0; late_carries_done = 0
       }
    od
}
#endif

#ifdef LIVENESS
/* Time goes on where nobody can: a wedge is then a run in which nothing settles. */
active proctype Time() {
    bit tick;
end:
    do
    :: tick = 1 - tick
    od
}

ltl settles { <> [] (applied == GENERATIONS && desired == GENERATIONS) }
#endif
