/* The page's scripts and styles, which are in the program, and Leaflet, which is the system's. */
#include "map/page.h"

#include "map/file.h"
#include "map/parts.h"

#include <stdio.h>
#include <string.h>

const char *const page_template = index_html;

/* page_write writes the parts and copies Leaflet, version 1, from its own directory. */
bool
page_write(const char *directory, const char *leaflet)
{
	static const char *const images[] = {"layers.png", "layers-2x.png", "marker-icon.png",
	                                     "marker-icon-2x.png", "marker-shadow.png"};
	static const struct
	{
		const char *name, *text;
	} parts[] = {{"page.css", page_css},   {"words.js", words_js}, {"chart.js", chart_js},
	             {"alerts.js", alerts_js}, {"page.js", page_js},   {"worker.js", worker_js}};
	char from[1024], to[1024];

	snprintf(from, sizeof(from), "%s/images", leaflet);
	snprintf(to, sizeof(to), "%s/images", directory);
	if (!directory_make(directory, "") || !directory_make(directory, "alerts") ||
	    !directory_make(directory, "images") || !file_copy(leaflet, directory, "leaflet.js") ||
	    !file_copy(leaflet, directory, "leaflet.css"))
		return false;
	for (size_t i = 0; i < sizeof(images) / sizeof(images[0]); i++)
		if (!file_copy(from, to, images[i]))
			return false;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (!file_write(directory, parts[i].name, parts[i].text, strlen(parts[i].text)))
			return false;
	/* what a program that was killed left half-written */
	return directory_forget(directory, "", file_is_half, NULL) &&
	       directory_forget(directory, "alerts", file_is_half, NULL);
}
