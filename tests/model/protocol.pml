/* The protocol of DESIGN section 4 for SPIN, in converge: any plan above the pointer may be claimed,
   and a step brings a target from any state to its plan. protocol.py has the rest: exact, people,
   planning read by read. This one has more enactors, and pruning beside them.

   Sizes: -DENACTORS -DGENERATIONS -DCRASHES -DLATE -DLOST -DPRUNING. Rules taken back:
   -DNO_FENCE (a target takes any write), -DNO_COMPARE (refreshed and tried again), -DNO_POINTER (a
   claim may go back), -DNO_RESUME (only newer plans are taken), -DNO_DIGEST (a generation is enough
   to resume), -DNO_DESIRED (applied advances whatever is desired), -DNO_FLOOR (pruning by what
   mirrors name). -DNAMED leaves enactors in their places, -DTOLD prints every state.

   Each d_step is one atomic read or one atomic conditional write. None is merged with another.

   Enactors are one process with a number for each, what it is about to do and what it remembers, and
   after each move the numbers are sorted. States that differ only in which enactor is which are so
   stored once, and of enactors with the same number one moves for all. Nothing is lost by it: no move
   and no assertion looks at an enactor's place, all begin with the same number, and what is done
   where enactors keep their places (-DNAMED) is done here by whichever has that number. Every state
   of one is therefore, sorted, a state of the other: test_spin.py compares all of them in small
   sizes. What cannot be read any more is zero: what was seen, once the step is sent; everything, once
   a pass has ended.

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
#define KEYS 5                    /* at most 4 generations */

/* A fence is its generation and the digest of its plan; g1 is live everywhere at the start. */
byte head = 1;                    /* the newest key in the archive */
bit digest[KEYS];                 /* of the file under each key */
bit buried[KEYS];
byte desired = 1;
bit desired_digest;
byte applied = 1;
byte fence[TARGETS] = 1;
bit fence_digest[TARGETS];
bit done[TARGETS] = 1;
byte crashes = CRASHES;
byte late = LATE;
byte lost = LOST;
byte number;                      /* a planning pass has read it, and will create its key */
byte picked;                      /* the janitor will bury it */
byte mirror[TARGETS] = 1;         /* only the janitor looks at them: they rise only beside it */

/* Enactors, and a step that is delivered late, which is an enactor's number about to write. */
short enactor[ENACTORS];
short on_its_way;
byte i;                           /* whose move it is; 0 between moves */

/* What an enactor is about to do. */
#define IDLE 0
#define CLAIMS 1
#define READS 2                   /* the fence of t */
#define CHECKS 3                  /* the pointer beside it */
#define WRITES 4
#define COMPLETES 5

/* An enactor's number taken apart, for one move. */
hidden byte does, t, g, mine, seen, seen_digest, seen_done;
hidden short moved;
#ifdef TOLD
hidden byte k;
#endif

#define PACKED (does << 10 | t << 9 | g << 6 | mine << 5 | seen << 2 | seen_digest << 1 | seen_done)
#define DOES(what) (enactor[i] >> 10 == what)
#define UNSEE seen = 0; seen_digest = 0; seen_done = 0
#define FORGET does = IDLE; t = 0; g = 0; mine = 0; UNSEE

inline unpack(packed) {
    does = packed >> 10; t = packed >> 9 & 1; g = packed >> 6 & 7; mine = packed >> 5 & 1;
    seen = packed >> 2 & 7; seen_digest = packed >> 1 & 1; seen_done = packed & 1
}

/* One number is out of order: it goes down or up to its place. */
inline pack() {
    enactor[i] = PACKED;
#ifndef NAMED
    do
    :: i > 0 && enactor[i - 1] > enactor[i] ->
        moved = enactor[i]; enactor[i] = enactor[i - 1]; i--; enactor[i] = moved
    :: i < ENACTORS - 1 && enactor[i] > enactor[i + 1] ->
        moved = enactor[i]; enactor[i] = enactor[i + 1]; i++; enactor[i] = moved
    :: else -> break
    od;
#endif
    i = 0
}

inline raise(target, n) {
#ifdef PRUNING
    if
    :: mirror[target] < n -> mirror[target] = n; assert(n <= fence[target])     /* it may only lag */
    :: else
    fi
#else
    skip
#endif
}

/* What the target does by itself. A step of another digest under one generation breaks G2. */
inline land() {
    if
#ifdef NO_FENCE
    :: true ->
#else
    :: fence[t] == seen && fence_digest[t] == seen_digest && done[t] == seen_done ->
#endif
        assert(g >= fence[t]);                                          /* G1 */
        assert(g != fence[t] || mine == fence_digest[t]);               /* G2 */
        assert(g != desired || mine == desired_digest);                 /* G2 */
        assert(!buried[g]);                                             /* G3 */
        fence[t] = g; fence_digest[t] = mine; done[t] = (seen == g)
    :: else
    fi
}

#define CLAIMABLE(n) (n <= head && n > desired && !buried[n])
#ifdef NO_RESUME
#define RESUMABLE 0
#else
#define RESUMABLE (desired > applied && !buried[desired] && digest[desired] == desired_digest)
#endif
#define CHOICE (CLAIMABLE(2) || CLAIMABLE(3) || CLAIMABLE(4) || RESUMABLE)
#define CHOOSE(n) FORGET; does = CLAIMS; g = n; mine = digest[n]; pack()

#ifdef NAMED
#define ALIKE(n) 0
#else
#define ALIKE(n) (n < ENACTORS - 1 && enactor[n] == enactor[n + 1])
#endif
#define MOVABLE(n) (!ALIKE(n) && (enactor[n] != IDLE || CHOICE))
#define FINISHED (applied == GENERATIONS && head == GENERATIONS && enactor[ENACTORS - 1] == IDLE)

#ifdef NO_FLOOR
#define DELETABLE(n) (!buried[n] && n < desired && n != applied && n != mirror[0] && n != mirror[1])
#else
#define DELETABLE(n) (!buried[n] && n < applied && n < mirror[0] && n < mirror[1])
#endif

active proctype Everybody() {
    do
    /* An enactor: choose, claim, then for each target: its fence, the pointer beside it, the write. */
    :: atomic {
        if
        :: MOVABLE(0) -> i = 0
#if ENACTORS > 1
        :: MOVABLE(1) -> i = 1
#endif
#if ENACTORS > 2
        :: MOVABLE(2) -> i = 2
#endif
#if ENACTORS > 3
        :: MOVABLE(3) -> i = 3
#endif
        fi;
        if
        :: d_step { enactor[i] == IDLE && CLAIMABLE(2) -> CHOOSE(2) }
        :: d_step { enactor[i] == IDLE && CLAIMABLE(3) -> CHOOSE(3) }
        :: d_step { enactor[i] == IDLE && CLAIMABLE(4) -> CHOOSE(4) }
        :: d_step { enactor[i] == IDLE && RESUMABLE -> CHOOSE(desired) }
        :: d_step { DOES(CLAIMS) ->
            unpack(enactor[i]);
            if
#ifdef NO_POINTER
            :: true ->
#else
            :: g > desired ->
#endif
                assert(g >= desired);                                   /* the pointer never falls */
                desired = g; desired_digest = mine; does = READS
#ifdef NO_DIGEST
            :: g == desired && applied < g -> does = READS
#else
            :: g == desired && applied < g && mine == desired_digest -> does = READS
#endif
            :: else -> FORGET
            fi;
            pack()
           }
        :: d_step { DOES(READS) ->
            unpack(enactor[i]);
            seen = fence[t]; seen_digest = fence_digest[t]; seen_done = done[t];
            if
            :: seen == g && seen_digest == mine && seen_done ->
                UNSEE;
                if
                :: t < TARGETS - 1 -> t++
                :: else -> t = 0; does = COMPLETES
                fi
            :: else -> does = CHECKS
            fi;
            pack()
           }
        :: d_step { DOES(CHECKS) ->
            unpack(enactor[i]);
#ifdef NO_COMPARE
            does = WRITES;
#else
            if
            :: seen != g -> raise(t, seen)
            :: else
            fi;
            if
            :: seen > g || desired != g || (seen == g && seen_digest != mine) -> FORGET
            :: else -> does = WRITES
            fi;
#endif
            pack()
           }
        :: d_step { DOES(WRITES) ->
            unpack(enactor[i]);
            land();
            UNSEE; does = READS; pack()
           }
        :: d_step { DOES(WRITES) && late > 0 && on_its_way == 0 ->
            unpack(enactor[i]);
            late--; on_its_way = enactor[i];
            UNSEE; does = READS; pack()
           }
        :: d_step { DOES(COMPLETES) ->
            unpack(enactor[i]);
            if
#ifdef NO_DESIRED
            :: applied < g ->
#else
            :: desired == g && desired_digest == mine && applied < g ->
#endif
                assert(desired == g);                                   /* applied is so */
                assert(fence[0] == g && fence[1] == g && done[0] && done[1]);
                applied = g; raise(0, g); raise(1, g)
            :: else
            fi;
            FORGET; pack()
           }
        :: d_step { enactor[i] != IDLE && crashes > 0 -> crashes--; FORGET; pack() }
        fi
       }

    /* A planning pass that reads a number first, where that matters, and creates its key later. */
#if LOST > 0
    :: d_step { number == 0 && head < GENERATIONS ->
        number = (head > desired -> head : desired) + 1
       }
    :: d_step { number > 0 ->
        if
        :: number > head && number <= GENERATIONS -> head = number
        :: else
        fi;
        number = 0
       }
    :: d_step { lost > 0 && head > desired && head < GENERATIONS ->     /* nobody claimed it yet */
        lost--; digest[head] = 1 - digest[head]; head--
       }
#else
    :: d_step { head < GENERATIONS -> head++ }
#endif

    /* A janitor picks by facts and buries later: what it rests on only rises. */
#ifdef PRUNING
    :: d_step { picked == 0 && DELETABLE(1) -> picked = 1 }
    :: d_step { picked == 0 && DELETABLE(2) -> picked = 2 }
    :: d_step { picked == 0 && DELETABLE(3) -> picked = 3 }
    :: d_step { picked > 0 ->                                           /* G3 */
        assert(picked != desired && picked != applied && picked != fence[0] && picked != fence[1]);
        buried[picked] = 1; picked = 0
       }
#endif

    /* A late step arrives, or never does. */
    :: d_step { on_its_way != 0 -> unpack(on_its_way); on_its_way = 0; land() }
    :: d_step { on_its_way != 0 -> on_its_way = 0 }

    :: FINISHED -> break

    /* Prints a state, and changes nothing. */
#ifdef TOLD
    :: atomic {
        printf("@%d %d %d %d %d %d", head, desired, desired_digest, applied, crashes, late);
        printf(" %d %d %d %d", lost, number, picked, on_its_way);
        printf(" %d %d %d %d", fence[0], fence_digest[0], done[0], mirror[0]);
        printf(" %d %d %d %d", fence[1], fence_digest[1], done[1], mirror[1]);
        printf(" %d %d %d %d", digest[1], digest[2], digest[3], digest[4]);
        printf(" %d %d %d %d;", buried[1], buried[2], buried[3], buried[4]);
        k = 0;
        do
        :: k < ENACTORS -> printf(" %d", enactor[k]); k++
        :: else -> break
        od;
        printf("\n")
       }
#endif
    od
}

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
