# plot.dat -> plot.svg: microseconds per operation, by case; run in build/bench/.
# `where` is given on the command line: the machine, the kernel and the date.
set terminal svg size 1000,640 font "sans-serif,12" background "white"
set output "plot.svg"
set title "Time per operation\n{/*0.8 ".where."}" font ",14"
set ylabel "microseconds (logarithmic)"
set logscale y
set yrange [0.1:*]
set grid ytics lc rgb "#dddddd"
set style data histograms
set style histogram clustered gap 1
set style fill solid noborder
set xtics rotate by 35 right nomirror
set key outside top center horizontal
set datafile separator " "
set bmargin 10
plot "plot.dat" using 2:xtic(1) title "native" lc rgb "#7f7f7f", \
     "" using 3 title "under socketcall run" lc rgb "#1f77b4", \
     "" using 4 title "empty notify-and-reply (and the call)" lc rgb "#2ca02c", \
     "" using 5 title "under strace" lc rgb "#d62728"
