awk 'BEGIN { srand(1); for (i = 0; i < 400; i++) { a = rand(); b = rand(); print (a > b ? 1 : -1) " 1:" a " 2:" b } }' > data
liblinear-train -s 0 -e 0.00001 data model
liblinear-train -s 3 -e 0.001 data model
