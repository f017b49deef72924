# `run` as a Windows service, by NSSM (https://nssm.cc): in a PowerShell as administrator, with nssm.exe in the PATH.
#   .\windows-service.ps1 -Project C:\notifykit
# The program is in a virtual environment in the project's folder. `nssm remove notifykit confirm` takes the service away.
param(
    [Parameter(Mandatory = $true)][string]$Project,
    [string]$Name = "notifykit",
    # The variables that the project's secrets name: "BEIJING_ROBOT_KEY=...", ...
    [string[]]$Secrets = @()
)
$ErrorActionPreference = "Stop"

$program = Join-Path $Project ".venv\Scripts\notifykit.exe"
$file = Join-Path $Project "notifykit.yaml"
foreach ($path in $program, $file) {
    if (-not (Test-Path $path)) { throw "there is no $path" }
}
New-Item -ItemType Directory -Force (Join-Path $Project "log") | Out-Null

function Invoke-Nssm {
    & nssm @args
    if ($LASTEXITCODE -ne 0) { throw "nssm $args answered $LASTEXITCODE" }
}

Invoke-Nssm install $Name $program "--log-file" "log\notifykit.log" "run"
Invoke-Nssm set $Name AppDirectory $Project
Invoke-Nssm set $Name AppEnvironmentExtra "NOTIFYKIT_PROJECT=$file" "PYTHONUTF8=1" @Secrets
Invoke-Nssm set $Name Start SERVICE_AUTO_START
# An account of its own, which Windows knows by the name of the service. It may change what is in the project's folder.
& sc.exe config $Name obj= "NT SERVICE\$Name" | Out-Null
if ($LASTEXITCODE -ne 0) { throw "sc.exe answered $LASTEXITCODE" }
& icacls $Project /grant "NT SERVICE\${Name}:(OI)(CI)M" | Out-Null
if ($LASTEXITCODE -ne 0) { throw "icacls answered $LASTEXITCODE" }
# Ctrl+C finishes what is on the wire; what takes longer than 90 s is in doubt.
Invoke-Nssm set $Name AppStopMethodConsole 90000
Invoke-Nssm set $Name AppStopMethodSkip 14
# Whatever ended it is worth another try after five seconds.
Invoke-Nssm set $Name AppExit Default Restart
Invoke-Nssm set $Name AppRestartDelay 5000
Invoke-Nssm start $Name
