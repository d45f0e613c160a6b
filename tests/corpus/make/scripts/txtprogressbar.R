bar <- txtProgressBar(max = 60, style = 3)
for (i in 1:60) {
  Sys.sleep(0.02)
  setTxtProgressBar(bar, i)
}
close(bar)
