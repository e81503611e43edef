// Sends the page's one form before the page has loaded, so that it takes the page's place in the history: going back, nobody is sent on again.
// A field may be called "submit", and would be found in place of the method.
HTMLFormElement.prototype.submit.call(document.querySelector('form'));
