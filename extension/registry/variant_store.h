#ifndef PASSPORT_VARIANT_STORE_H
#define PASSPORT_VARIANT_STORE_H

/* FollowVariants has texts be folded by the variants that the running query sees. */
extern void FollowVariants(void);

#endif
