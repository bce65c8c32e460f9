/**
 * What other threads say to a worker, put into effect (sfu/orders.h says what each means).
 *
 * Peers may come and go here: nobody up the stack may hold one. Thread: the worker's.
 */
#ifndef HOPKIN_SFU_WORKER_MAIL_H
#define HOPKIN_SFU_WORKER_MAIL_H

#include <stdbool.h>

struct worker;

/** All orders that wait. */
void worker_take_orders(struct worker *worker);
/** Traffic, a bounded share. True: more is waiting. */
bool worker_take_traffic(struct worker *worker);

#endif
