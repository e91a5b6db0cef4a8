/*-------------------------------------------------------------------------
 *
 * driver.c
 *	  Stands in for libFuzzer where the compiler has none.
 *
 *		driver SECONDS FILE...
 *
 * Gives each file to the target, and then, for so many seconds, what random
 * changes make of them: bytes set and flipped, ends cut off, pieces of one
 * put into another.  Without coverage to guide it, it finds less.
 *
 * Structure: read, mutate, repeat.
 *
 * Concurrency: none.
 *
 * Failure: the target aborts; the input that made it is left in the file
 * crash-input.
 *
 *-------------------------------------------------------------------------
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "host.h"

/* Longest input. */
#define MOST_BYTES 4096

typedef struct Input
{
	uint8_t bytes[MOST_BYTES];
	size_t length;
} Input;

/* Looked at by the signal handler. */
static const uint8_t *current;
static size_t current_length;

static uint64_t random_state = 88172645463325252;

static size_t
random_below(size_t end)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % end;
}

static void
keep_input(int signal_number)
{
	FILE *file = fopen("crash-input", "wb");

	if (file)
	{
		fwrite(current, 1, current_length, file);
		fclose(file);
	}
	signal(signal_number, SIG_DFL);
	raise(signal_number);
}

/* The target gets memory of exactly the input's size. */
static void
try_input(const Input *input)
{
	uint8_t *copy = malloc(input->length ? input->length : 1);

	must(copy != NULL);
	memcpy(copy, input->bytes, input->length);
	current = copy;
	current_length = input->length;
	LLVMFuzzerTestOneInput(copy, input->length);
	free(copy);
}

static void
read_input(const char *name, Input *input)
{
	FILE *file = fopen(name, "rb");

	if (file == NULL)
	{
		perror(name);
		exit(1);
	}
	input->length = fread(input->bytes, 1, MOST_BYTES, file);
	fclose(file);
}

/* Put a piece of one input somewhere into another. */
static void
splice(Input *into, const Input *from)
{
	size_t begin = random_below(from->length + 1);
	size_t length = random_below(from->length - begin + 1);
	size_t at = random_below(into->length + 1);

	if (into->length + length > MOST_BYTES)
		return;
	memmove(into->bytes + at + length, into->bytes + at, into->length - at);
	memcpy(into->bytes + at, from->bytes + begin, length);
	into->length += length;
}

static void
mutate(Input *input, const Input *seeds, size_t count)
{
	for (size_t times = 1 + random_below(4); times > 0; times--)
	{
		size_t at = input->length ? random_below(input->length) : 0;

		switch (input->length ? random_below(4) : 3)
		{
			case 0:
				input->bytes[at] = (uint8_t) random_below(256);
				break;
			case 1:
				input->bytes[at] ^= 1 << random_below(8);
				break;
			case 2:
				input->length = random_below(input->length + 1);
				break;
			default:
				splice(input, &seeds[random_below(count)]);
		}
	}
}

int
main(int argc, char **argv)
{
	size_t count = argc > 2 ? argc - 2 : 0;
	Input *seeds = calloc(count + 1, sizeof(Input));
	Input input;
	time_t end;
	unsigned long tried = count;

	if (count == 0 || seeds == NULL)
	{
		fprintf(stderr, "usage: %s SECONDS FILE...\n", argv[0]);
		return 1;
	}
	signal(SIGABRT, keep_input);
	signal(SIGSEGV, keep_input);
	for (size_t i = 0; i < count; i++)
	{
		read_input(argv[i + 2], &seeds[i]);
		try_input(&seeds[i]);
	}
	end = time(NULL) + atoi(argv[1]);
	while (time(NULL) < end)
	{
		for (int i = 0; i < 1000; i++, tried++)
		{
			input = seeds[random_below(count)];
			mutate(&input, seeds, count);
			try_input(&input);
		}
	}
	printf("%lu inputs\n", tried);
	free(seeds);
	return 0;
}
