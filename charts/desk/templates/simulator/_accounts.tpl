{{/* The accounts as `desk simulator` reads them: KEY:SECRET:USDT=1000,BTC=1 with blanks between. */}}
{{- define "desk.simulator.accounts" -}}
{{- $accounts := list -}}
{{- range .Values.simulator.accounts -}}
{{- $balances := list -}}
{{- range $coin, $amount := .balances -}}
{{- $balances = append $balances (printf "%s=%s" $coin $amount) -}}
{{- end -}}
{{- $accounts = append $accounts (printf "%s:%s:%s" .apiKey .secret (join "," $balances)) -}}
{{- end -}}
{{- join " " $accounts -}}
{{- end }}
