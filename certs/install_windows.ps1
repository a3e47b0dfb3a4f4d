<#
.SYNOPSIS
Adds the CA to the trust store of a Windows machine, takes it out again, or shows what is there.

.DESCRIPTION
Everything it adds bears the friendly name reauth-<first 16 hex digits of the SHA-256>, so that
removing needs no file, and installing twice changes nothing. Edge and Chrome read the store;
Firefox does so by default from 120 on, and by the policy ImportEnterpriseRoots, which this script
sets with -Firefox and takes back only where it has set it itself.

Run it in an administrator's PowerShell, or with -CurrentUser for yourself alone (Windows then asks
on the screen). Browsers take notice when they are started anew. Exit code: 0 done, 1 failed.

.PARAMETER Action
install: trust the CA certificates in File. remove: trust them no longer; without File, every one
that this script ever added. status: list what this script has added.

.PARAMETER File
Certificates in PEM, as `reauth ca export` writes it, or one in DER.

.PARAMETER Sha256
Install only if File holds one certificate with this SHA-256 fingerprint, told to you by somebody
who ran `reauth ca show`; colons are allowed.

.PARAMETER CurrentUser
The store of the present user in place of the machine's.

.PARAMETER Firefox
With install: set Firefox's policy too (the machine's; needs an administrator).

.EXAMPLE
.\install_windows.ps1 install ca.pem -Firefox

.EXAMPLE
.\install_windows.ps1 remove
#>
[CmdletBinding()]
param(
    [Parameter(Mandatory, Position = 0)]
    [ValidateSet('install', 'remove', 'status')]
    [string]$Action,
    [Parameter(Position = 1)][string]$File,
    [string]$Sha256,
    [switch]$CurrentUser,
    [switch]$Firefox
)
Set-StrictMode -Version 2.0
$ErrorActionPreference = 'Stop'

$Mark = 'reauth-'
$Policy = 'HKLM:\SOFTWARE\Policies\Mozilla\Firefox\Certificates'
$Record = 'HKLM:\SOFTWARE\reauth'

function Get-Fingerprint($Certificate) {
    $sha = [Security.Cryptography.SHA256]::Create()
    try { ([BitConverter]::ToString($sha.ComputeHash($Certificate.RawData))) -replace '-', '' }
    finally { $sha.Dispose() }
}

function Get-MarkedName($Certificate) {
    $Mark + (Get-Fingerprint $Certificate).Substring(0, 16).ToLowerInvariant()
}

function New-Certificate([byte[]]$Der) {
    New-Object Security.Cryptography.X509Certificates.X509Certificate2 -ArgumentList (, $Der)
}

# While a CA is being rotated, the file holds two or more.
function Read-Certificates([string]$Path) {
    $bytes = [IO.File]::ReadAllBytes((Resolve-Path -LiteralPath $Path).ProviderPath)
    $text = [Text.Encoding]::ASCII.GetString($bytes)
    if ($text -match 'PRIVATE KEY') {
        throw "$Path holds a private key, which must not leave its server"
    }
    $pattern = '(?s)-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----'
    $found = [regex]::Matches($text, $pattern)
    if ($found.Count -eq 0) { return , @(New-Certificate $bytes) }
    , @($found | ForEach-Object {
            New-Certificate ([Convert]::FromBase64String(($_.Groups[1].Value -replace '\s', '')))
        })
}

# Trusting is a person's decision: show what for, and refuse what could not be meant.
function Assert-Authority($Certificates) {
    if ($Sha256) {
        $wanted = ($Sha256 -replace '[: ]', '').ToUpperInvariant()
        if ($Certificates.Count -ne 1) { throw "-Sha256 names one certificate, $File holds more" }
        if ((Get-Fingerprint $Certificates[0]) -ne $wanted) {
            throw "$File has another fingerprint"
        }
    }
    foreach ($each in $Certificates) {
        $limits = $each.Extensions | Where-Object { $_.Oid.Value -eq '2.5.29.19' }
        if (-not $limits -or -not $limits.CertificateAuthority) {
            throw "$File holds a certificate that is no CA"
        }
        if ($each.NotAfter -lt (Get-Date)) { throw "$File holds an expired CA" }
        "certificate $(Get-MarkedName $each)"
        "    $($each.Subject), until $($each.NotAfter.ToUniversalTime().ToString('yyyy-MM-dd'))"
        "    SHA-256 $(Get-Fingerprint $each)"
    }
}

function Add-Certificates($Store, $Certificates) {
    foreach ($each in $Certificates) {
        $name = Get-MarkedName $each
        if (@(Get-Marked $Store | Where-Object { $_.FriendlyName -eq $name }).Count) {
            "already trusted: $name"
            continue
        }
        $each.FriendlyName = $name
        $Store.Add($each)
        "trusted: $name"
    }
}

function Remove-Certificates($Store, $Certificates) {
    $names = @($Certificates | ForEach-Object { Get-MarkedName $_ })
    $ours = @(Get-Marked $Store | Where-Object { -not $File -or $names -contains $_.FriendlyName })
    if ($ours.Count -eq 0) { 'nothing to remove' }
    foreach ($each in $ours) {
        $Store.Remove($each)
        "no longer trusted: $($each.FriendlyName)"
    }
}

function Get-Marked($Store) {
    $Store.Certificates | Where-Object { $_.FriendlyName -like "$Mark*" }
}

# Only a policy that we have set is ours to take back.
function Enable-FirefoxPolicy {
    $name = 'ImportEnterpriseRoots'
    $present = Get-ItemProperty -Path $Policy -Name $name -ErrorAction SilentlyContinue
    if ($present) {
        return "Firefox's policy ImportEnterpriseRoots is already $($present.ImportEnterpriseRoots)"
    }
    New-Item -Path $Policy -Force | Out-Null
    New-Item -Path $Record -Force | Out-Null
    New-ItemProperty -Path $Record -Name FirefoxPolicy -Value 1 -Force | Out-Null
    New-ItemProperty -Path $Policy -Name $name -Value 1 -PropertyType DWord | Out-Null
    "set Firefox's policy ImportEnterpriseRoots"
}

function Disable-FirefoxPolicy {
    $ours = Get-ItemProperty -Path $Record -Name FirefoxPolicy -ErrorAction SilentlyContinue
    if (-not $ours) { return }
    Remove-ItemProperty -Path $Policy -Name ImportEnterpriseRoots -ErrorAction SilentlyContinue
    Remove-Item -Path $Record -Recurse
    "removed Firefox's policy ImportEnterpriseRoots"
}

$store = $null
try {
    if ($Action -eq 'install' -and -not $File) { throw 'install needs the certificate''s file' }
    $certificates = @()
    if ($File) { $certificates = Read-Certificates $File }
    if ($Action -eq 'install') { Assert-Authority $certificates }

    $place = if ($CurrentUser) { 'CurrentUser' } else { 'LocalMachine' }
    $access = if ($Action -eq 'status') { 'ReadOnly' } else { 'ReadWrite' }
    $type = 'Security.Cryptography.X509Certificates.X509Store'
    $store = New-Object $type -ArgumentList 'Root', $place
    $store.Open($access)
    switch ($Action) {
        'install' {
            Add-Certificates $store $certificates
            if ($Firefox) { Enable-FirefoxPolicy }
        }
        'remove' {
            Remove-Certificates $store $certificates
            # Other certificates of ours still need the policy.
            if (-not $CurrentUser -and @(Get-Marked $store).Count -eq 0) { Disable-FirefoxPolicy }
        }
        'status' { Get-Marked $store | ForEach-Object { "$($_.FriendlyName)  $($_.Subject)" } }
    }
}
catch {
    [Console]::Error.WriteLine("install_windows.ps1: $($_.Exception.Message)")
    exit 1
}
finally {
    if ($store) { $store.Close() }
}
