#include "layers.h"

enum { SMALLEST_GUESS = 180 };  /* pixels */

enum layer_verdict layer_decide(struct layer now, struct layer target, const struct frame_marks *f)
{
	if (target.spatial == LAYER_NONE)
		return LAYER_OTHER;
	if (f->layer.spatial == target.spatial && now.spatial != target.spatial)
		return f->keyframe ? LAYER_SWITCH : LAYER_WAIT_KEYFRAME;
	if (f->layer.spatial != now.spatial)
		return LAYER_OTHER;
	if (f->layer.temporal > now.temporal)
		return f->start && f->sync && f->layer.temporal <= target.temporal ? LAYER_FORWARD : LAYER_DROP;
	return f->start && f->layer.temporal > target.temporal ? LAYER_DROP : LAYER_FORWARD;
}

struct layer layer_after(struct layer now, struct layer target, const struct frame_marks *f, enum layer_verdict verdict)
{
	if (target.spatial == LAYER_NONE)
		return (struct layer){ LAYER_NONE, 0 };
	if (verdict == LAYER_SWITCH)
		return (struct layer){ f->layer.spatial, target.temporal };
	if (f->layer.spatial != now.spatial || !f->start)
		return now;
	if (target.temporal < now.temporal)
		now.temporal = target.temporal;
	else if (verdict == LAYER_FORWARD && f->layer.temporal > now.temporal)
		now.temporal = f->layer.temporal;
	return now;
}

uint16_t layer_height(const struct layer_info *layers, size_t count, size_t which)
{
	if (which >= count)
		return 0;
	if (layers[which].height)
		return layers[which].height;
	/* The nearest known one, smaller ones first: each step is a factor of two. */
	for (size_t step = 1; step < count; step++) {
		if (which >= step && layers[which - step].height)
			return (uint16_t)(layers[which - step].height << step);
		if (which + step < count && layers[which + step].height)
			return (uint16_t)(layers[which + step].height >> step);
	}
	return (uint16_t)(SMALLEST_GUESS << which);
}

/* Smallest active layer that is tall enough, else the largest active; LAYER_NONE if none is active. */
static uint8_t smallest_for(const struct layer_info *layers, size_t count, uint32_t wanted_height, uint8_t most_spatial)
{
	uint8_t chosen = LAYER_NONE;

	for (size_t i = 0; i < count && i <= most_spatial; i++) {
		if (!layers[i].active)
			continue;
		chosen = (uint8_t)i;
		if ((uint32_t)layer_height(layers, count, i) * 4 >= wanted_height * 3)
			break;
	}
	/* Everything allowed is silent: the smallest above the limit beats no picture at all. */
	for (size_t i = (size_t)most_spatial + 1; chosen == LAYER_NONE && i < count; i++)
		if (layers[i].active)
			chosen = (uint8_t)i;
	return chosen;
}

uint8_t layer_choose(const struct layer_info *layers, size_t count, uint16_t wanted_height, uint8_t current, uint8_t most_spatial)
{
	if (!wanted_height || !count)
		return LAYER_NONE;
	if (count > LAYERS_MAX)
		count = LAYERS_MAX;

	uint8_t chosen = smallest_for(layers, count, wanted_height, most_spatial);
	if (current >= count || current > most_spatial || !layers[current].active || chosen == current)
		return chosen;
	/* Staying is right if a tenth more or less would have led to the layer shown now. */
	uint32_t nudged = chosen > current ? (uint32_t)wanted_height * 10 / 11 : (uint32_t)wanted_height * 11 / 10;
	return smallest_for(layers, count, nudged, most_spatial) == current ? current : chosen;
}
